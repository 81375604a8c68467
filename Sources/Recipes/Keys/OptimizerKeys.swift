extension RecipeKey {
    /// Keys of how parameters follow gradients.
    static let optimizer: [RecipeKey] = [
        RecipeKey(
            "optimizer", \.optimizer, .choice(), in: .optimizer, default: Default.optimizer,
            """
            How parameters follow their gradients, as PyTorch has it, and `lars`, `lamb` and `muon` as in their \
            papers. A setting that the optimizer does not use is an error.
            """,
            alsoKnownAs: ["optim", "optimiser", "opt"]),
        RecipeKey(
            "momentum", \.momentum, .number(from: 0, below: 1), in: .optimizer,
            otherwise: "\(Default.momentum), of rmsprop 0, of muon 0.95",
            "The momentum of `sgd`, `rmsprop`, `lars` and `muon`."),
        RecipeKey(
            "dampening", \.dampening, .number(from: 0, below: 1), in: .optimizer,
            otherwise: "0",
            "The share of each gradient but the first that the momentum of `sgd` leaves out."),
        RecipeKey(
            "nesterov", \.nesterov, .boolean, in: .optimizer, otherwise: "false, of muon true",
            "Takes the momentum of `sgd` and `muon` in Nesterov's form."),
        RecipeKey(
            "betas", \.betas, .shares, in: .optimizer, otherwise: "0.9,0.999",
            """
            What the means of gradients and of their squares keep of themselves at each step of `adam`, `adamw` and \
            `lamb`.
            """,
            valueName: "beta1,beta2"),
        RecipeKey(
            "epsilon", \.epsilon, .number("a number from 1e-30 to 1", in: 1e-30...1), in: .optimizer,
            otherwise: "1e-08, of lamb 1e-06",
            "What is added to the roots that `adam`, `adamw`, `rmsprop` and `lamb` divide by.",
            alsoKnownAs: ["eps"]),
        RecipeKey(
            "alpha", \.alpha, .number(from: 0, below: 1), in: .optimizer,
            otherwise: "\(Default.alpha)",
            "What the mean of squares of `rmsprop` keeps of itself at each step."),
        RecipeKey(
            "trust", \.trust, .positive(atMost: 1000), in: .optimizer,
            otherwise: "0.001 of lars, 1 of lamb",
            """
            What `lars` and `lamb` multiply a parameter's rate with besides its norm. Parameters that weight decay \
            spares go by the learning rate itself.
            """,
            alsoKnownAs: ["trust_coefficient", "eta"]),
        RecipeKey(
            "weight_decay", \.weightDecay, .notNegative, in: .optimizer,
            otherwise: "\(Default.weightDecay) of sgd and lars, 0.01 of adamw and lamb, else 0",
            """
            The decay of weights: a part of the gradient of `sgd`, `adam`, `rmsprop` and `lars`; beside it of `adamw`, \
            `lamb` and the matrices of `muon`.
            """),
        RecipeKey(
            "decay", \.decay, .choice(), in: .optimizer, default: Default.decay,
            "What decays: `weights`, which spares biases and batch norms, or `all`, as PyTorch does without groups."),
        RecipeKey(
            "no_decay", \.noDecay, .list, in: .optimizer,
            "Parameters whose names begin with this do not decay. May be repeated.",
            valueName: "prefix"),
        RecipeKey(
            "decay_multipliers", \.decayMultipliers,
            .map(of: .number("a number from 0 to 1000000", in: 0...1_000_000)), in: .optimizer,
            otherwise: "1 for all",
            """
            Multiplies the weight decay of parameters whose names begin with a prefix; the longest counts. May be \
            repeated.
            """,
            flag: "decay-multiplier", valueName: "prefix=x", alsoKnownAs: ["decay_multiplier"]),
        RecipeKey(
            "clip_norm", \.clipNorm, .positive().orNone, in: .optimizer,
            """
            The norm that the gradients of all parameters together have at the most: longer ones are made shorter \
            alike, before weight decay.
            """,
            alsoKnownAs: ["clip_grad_norm", "max_norm", "gradient_clipping"]),
        RecipeKey(
            "clip_value", \.clipValue, .positive().orNone, in: .optimizer,
            """
            The magnitude that each number of a gradient has at the most, before weight decay. Not together with \
            clip_norm.
            """,
            alsoKnownAs: ["clip_grad_value"]),
        RecipeKey(
            "muon_iterations", \.muonIterations, .integer(in: 1...20), in: .optimizer,
            otherwise: "\(Default.muonIterations)",
            "Iterations of Newton and Schulz that make a matrix of `muon` orthogonal.",
            alsoKnownAs: ["ns_steps"]),
        RecipeKey(
            "muon_normalise", \.muonNormalise, .boolean, in: .optimizer, otherwise: "false",
            "Whether `muon` first gives each matrix the norm that is the root of its number of rows.",
            alsoKnownAs: ["muon_normalize"]),
        RecipeKey(
            "muon_sgd", \.muonSGD, .list, in: .optimizer, otherwise: "biases and batch norms",
            """
            Parameters whose names begin with this are left to SGD in Nesterov's form too, beside those that are no \
            matrices. May be repeated.
            """,
            valueName: "prefix"),
        RecipeKey(
            "muon_sgd_lr", \.muonSGDLearningRate, .positive(), in: .optimizer,
            otherwise: "the learning rate",
            "The learning rate of what `muon` leaves to SGD; it takes the same course."),
        RecipeKey(
            "muon_sgd_momentum", \.muonSGDMomentum, .number(from: 0, below: 1),
            in: .optimizer, otherwise: "momentum",
            "The momentum of what `muon` leaves to SGD."),
    ]
}
