import ArgumentParser

/// The root of the command line.
struct CNNTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cnn-train",
        abstract: "Trains convolutional networks on CPUs, on one machine or many.",
        discussion: """
            To train on a folder of pictures, alone, on two processes, and on where a run stopped:

              cnn-train ./photos
              cnn-train --model resnet18_cifar --epochs 3
              cnn-train --workers 2 --model lenet --data fashion-mnist
              cnn-train --resume --output runs/resnet18_cifar-shapes
            """,
        version: "cnn-train 0.1.0",
        subcommands: [
            TrainCommand.self, AutoCommand.self, LaunchCommand.self, EvaluateCommand.self, PredictCommand.self,
            CheckpointCommand.self, ExportCommand.self, DataCommand.self, ConfigCommand.self, ReportCommand.self,
            RunsCommand.self, MetricsCommand.self, ModelsCommand.self, SummaryCommand.self, BenchCommand.self,
            PlanCommand.self, CheckCommand.self, OptionsCommand.self,
            HostAgentCommand.self, HostShellCommand.self,
        ],
        defaultSubcommand: TrainCommand.self)
}
