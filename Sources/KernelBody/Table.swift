package import KernelInterface

/// This instruction set's kernels.
package let kernels = KernelTable(
    tileLanes: tileLanes, tileHeight: tileHeight,
    convolve: convolve, weightGradient: weightGradient, biasGradient: biasGradient,
    transposeWeights: transposeWeights, treeSum: treeSum, convolveDepthwise: convolveDepthwise,
    depthwiseWeightGradient: depthwiseWeightGradient,
    convolveWinograd: convolveWinograd, transformWeights: transformWeights,
    winogradWeightGradient: winogradWeightGradient, maskGroups: maskGroups,
    pairWeights: pairWeights, convolvePairs: convolvePairs, pairedWeightGradient: pairedWeightGradient,
    shearWeights: shearWeights, shear: shear,
    packOutputGradient: packOutputGradient,
    linearDataGradient: linearDataGradient,
    linearWeightGradient: linearWeightGradient,
    moments: moments, residualGradient: residualGradient, runSums: runSums, shardSums: shardSums,
    shardTree: shardTree, batchNormFinish: batchNormFinish,
    batchNormFreeze: batchNormFreeze, batchNormApply: batchNormApply, batchNormGradientSums: batchNormGradientSums,
    batchNormParameterGradient: batchNormParameterGradient, batchNormGradientFinish: batchNormGradientFinish,
    batchNormGradientApply: batchNormGradientApply,
    relu: relu, reluGradient: reluGradient, relu6: relu6, relu6Gradient: relu6Gradient, sigmoid: sigmoid,
    sigmoidGradient: sigmoidGradient, tanh: tanh, tanhGradient: tanhGradient, add: add, copy: copy,
    dropout: dropout,
    maxPool: maxPool, maxPoolGradient: maxPoolGradient, averagePool: averagePool,
    averagePoolGradient: averagePoolGradient, adaptiveAveragePool: adaptiveAveragePool,
    adaptiveAveragePoolGradient: adaptiveAveragePoolGradient, localResponseNormalization: localResponseNormalization,
    localResponseNormalizationGradient: localResponseNormalizationGradient,
    crossEntropy: crossEntropy, crossEntropyGradient: crossEntropyGradient,
    sgd: sgd, saturate: saturate)
