/// The first layers of a network of the ResNet age.
package enum Stem: String, CaseIterable, Sendable {
    /// The stem for photographs of 224 px: a 7x7 convolution and a pool, stride 2 each.
    case imageNet = "imagenet"
    /// The stem for images of 32 px: a 3x3 convolution at full resolution and no pool. (He et al., CVPR 2016, section
    /// 4.2.)
    case cifar
}
