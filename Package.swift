// swift-tools-version: 6.2
import PackageDescription

/// The settings of all targets.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The kernels' one source (`Sources/KernelBody`, symlinked as `Body`) compiled for one instruction set.
/// Kernels are optimised in debug builds too.
func kernels(_ name: String, march: String) -> Target {
    .target(
        name: name, dependencies: ["CMachine", "CVectors", "KernelInterface"],
        swiftSettings: settings + [
            .unsafeFlags(["-Ounchecked", "-wmo", "-num-threads", "2", "-Xcc", "-march=\(march)"])
        ])
}

/// A target with these settings, whose imports only ever point down the list of targets.
func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The settings of targets that go over every pixel or every weight: tests of whole models must not take an hour in
/// debug builds.
let optimized = settings + [.unsafeFlags(["-O"])]

/// A target that is optimised in debug builds too.
func optimizedTarget(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: optimized)
}

/// The settings of tests, which take longer to optimise than to run.
let testSettings = settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// The tests of a target.
func tests(_ target: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: target + "Tests", dependencies: dependencies + ["TestRandom", "TestSupport"], resources: resources,
        swiftSettings: testSettings)
}

let package = Package(
    name: "cnn-train",
    products: [.executable(name: "cnn-train", targets: ["cnn-train"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "COpenBLAS"),
        .systemLibrary(name: "CCairo"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),

        .systemLibrary(name: "CMachine"),
        .systemLibrary(name: "CVectors"),
        .systemLibrary(name: "CRelay"),
        .systemLibrary(name: "CProcess"),
        // Debian's libjpeg-dev, libpng-dev and libwebp-dev; a real target, because the first two give up by longjmp,
        // which Swift must not see.
        .target(
            name: "CImageCodecs",
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("webp")]),

        target("Machine"),
        target("Files"),
        optimizedTarget("Pickles"),
        target("Terminal", ["Files"]),
        optimizedTarget("Tensors", ["Machine"]),
        target("KernelInterface"),
        kernels("KernelsAVX512", march: "x86-64-v4"),
        kernels("KernelsAVX2", march: "x86-64-v3"),
        kernels("KernelsBaseline", march: "x86-64"),
        optimizedTarget(
            "Kernels",
            ["Machine", "Tensors", "CMachine", "KernelInterface", "KernelsAVX512", "KernelsAVX2", "KernelsBaseline"]),
        optimizedTarget("Networks", ["Tensors"]),
        target("Graphs", ["Tensors", "Networks"]),
        optimizedTarget("Compiler", ["Machine", "Tensors", "KernelInterface", "Kernels", "Graphs", "COpenBLAS"]),
        optimizedTarget(
            "Engine", ["Machine", "Tensors", "KernelInterface", "Kernels", "Networks", "Graphs", "Compiler"]),
        optimizedTarget("Collectives", ["Machine", "Files", "Terminal", "Tensors", "Kernels", "CMachine", "CMPI"]),
        target("Planning", ["Collectives"]),
        optimizedTarget(
            "Datasets", ["Machine", "Files", "Pickles", "Tensors", "CZlib", "CZstd", "CImageCodecs"]),
        optimizedTarget("Checkpoints", ["Machine", "Files", "Pickles", "Tensors", "CZstd", "CZip", "CCrypto"]),
        .target(
            name: "Exports",
            dependencies: [
                "Tensors", "Networks", "Graphs", "Checkpoints",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["onnx.proto"], swiftSettings: settings),
        target("Recipes", ["Files", "Tensors", "Networks", .product(name: "Yams", package: "Yams")]),
        optimizedTarget("Runs", ["Files", "Terminal", "CMachine", "Checkpoints", "Recipes"]),
        optimizedTarget(
            "Reports", ["Machine", "Files", "Terminal", "Tensors", "CCairo", "Checkpoints", "Recipes", "Runs"]),
        target("TensorBoard", ["CImageCodecs", "Files", "Terminal", "Recipes", "Runs"]),
        target(
            "Status",
            [
                "Machine", "Files", "Terminal", "Tensors", "Checkpoints", "Recipes", "Runs",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        target(
            "Launching",
            ["Machine", "Files", "Terminal", "Tensors", "Checkpoints", "Recipes", "Runs", "CRelay", "CProcess"]),
        target("Fitness", ["Machine", "Files", "Terminal", "CMachine", "Datasets", "Launching"]),
        target(
            "Training",
            [
                "Machine", "Files", "Terminal", "Tensors", "CMachine", "Kernels", "Networks", "Graphs", "Engine",
                "Collectives", "Datasets", "Checkpoints", "Recipes", "Planning", "Runs",
            ]),
        .executableTarget(
            name: "cnn-train",
            dependencies: [
                "Training", "Reports", "Runs", "Recipes", "Networks", "Graphs", "Engine", "Kernels", "Launching",
                "Planning", "Collectives", "Fitness", "Status", "TensorBoard",
                "Datasets", "Checkpoints", "Exports", "Files", "Tensors", "Machine", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "kernel-benchmark",
            dependencies: [
                "Training", "Runs", "Engine", "Graphs", "Networks", "Kernels", "KernelInterface", "Tensors", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Kernels", swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["Tensors", "Kernels", "Networks", "Graphs"], path: "Tests/TestSupport",
            swiftSettings: optimized),
        .target(
            name: "CommandSupport", dependencies: ["Engine", "ImageFaults", "TestRandom", "TestSupport"],
            path: "Tests/CommandSupport", swiftSettings: testSettings),
        .target(name: "TestRandom", path: "Tests/TestRandom", swiftSettings: optimized),
        .executableTarget(
            name: "collectives-check", dependencies: ["Collectives", "TestRandom"], path: "Tests/CollectivesCheck",
            swiftSettings: optimized),
        .target(
            name: "CheckpointFaults", dependencies: ["Checkpoints", "Files", "Tensors", "TestRandom", "CZstd"],
            path: "Tests/CheckpointFaults",
            swiftSettings: optimized),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .executableTarget(
            name: "checkpoint-check", dependencies: ["Checkpoints", "CheckpointFaults", "CAllocations"],
            path: "Tests/CheckpointsCheck", swiftSettings: optimized),
        .executableTarget(
            name: "zoo-check", dependencies: ["Engine", "Graphs", "Networks", "Tensors", "TestSupport"],
            path: "Tests/ZooCheck", swiftSettings: optimized),
        .target(
            name: "EngineFuzz",
            dependencies: [
                "Engine", "Graphs", "Networks", "Kernels", "KernelInterface", "Collectives", "Tensors", "TestRandom",
                "TestSupport",
            ],
            path: "Tests/EngineFuzz", swiftSettings: optimized),
        .executableTarget(
            name: "engine-check", dependencies: ["EngineFuzz"], path: "Tests/EngineCheck", swiftSettings: settings),
        .target(
            name: "ImageFaults", dependencies: ["Datasets", "TestRandom", "CImageCodecs"], path: "Tests/ImageFaults",
            swiftSettings: optimized),
        .executableTarget(
            name: "image-check", dependencies: ["Datasets", "ImageFaults", "TestRandom", "CCrypto"],
            path: "Tests/ImageCheck", swiftSettings: optimized),
        .testTarget(name: "HouseTests", dependencies: ["cnn-train"], swiftSettings: testSettings),
        tests("Machine", ["Machine"]),
        tests("Files", ["Files"]),
        tests("Pickles", ["Pickles"]),
        tests("Terminal", ["Terminal", "Files"]),
        tests("Tensors", ["Tensors"]),
        tests("Kernels", ["Kernels", "KernelInterface", "Tensors"]),
        tests("Networks", ["Networks", "Tensors"]),
        tests("Graphs", ["Graphs", "Networks", "Tensors"], resources: [.copy("StateDicts")]),
        tests(
            "Engine",
            [
                "Engine", "Compiler", "engine-check", "Graphs", "Networks", "Kernels", "KernelInterface", "Machine",
                "Tensors",
            ], resources: [.copy("Golden")]),
        tests("Launching", ["Launching", "Runs", "CProcess"]),
        tests("Fitness", ["Fitness", "Launching", "Machine"]),
        tests("Planning", ["Planning"]),
        tests("Collectives", ["Collectives", "collectives-check", "Tensors"]),
        tests("Datasets", ["Datasets", "Files", "ImageFaults", "image-check", "Pickles", "Tensors", "CImageCodecs"]),
        tests(
            "Checkpoints", ["Checkpoints", "CheckpointFaults", "checkpoint-check", "Tensors"],
            resources: [.copy("Golden")]),
        tests(
            "Exports",
            [
                "Exports", "Graphs", "Networks", "Checkpoints", "Tensors",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        tests("Recipes", ["Recipes", "Networks"]),
        tests("Runs", ["Runs"]),
        tests("Reports", ["Reports", "Recipes", "Runs"]),
        tests("TensorBoard", ["TensorBoard", "Runs", "Recipes"]),
        tests(
            "Status",
            [
                "Status", "Runs", "Recipes", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        tests(
            "Training",
            [
                "Training", "Runs", "Recipes", "Engine", "Graphs", "Networks", "Collectives", "Datasets",
                "Checkpoints", "Tensors", "Machine", "ImageFaults",
            ], resources: [.copy("Golden")]),
        tests(
            "CommandLine",
            [
                "CommandSupport", "Training", "Engine", "Checkpoints", "Exports", "CImageCodecs", "Fitness", "Runs",
                "ImageFaults", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        // Apart from the tests that only start the program, which need not wait until it is compiled.
        tests("Usage", ["cnn-train", "CommandSupport", "Recipes"]),
    ]
)
