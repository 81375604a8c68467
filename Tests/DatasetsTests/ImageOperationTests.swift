import Testing

@testable import Datasets

@Suite("A change of colours or shape")
struct ImageOperationTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let operation: ImageOperation
        let interpolation: AffineMap.Interpolation
        let digest: UInt64
        let grey: UInt64

        init(
            _ operation: ImageOperation, _ interpolation: AffineMap.Interpolation, _ digest: UInt64, grey: UInt64
        ) {
            self.operation = operation
            self.interpolation = interpolation
            self.digest = digest
            self.grey = grey
        }

        var testDescription: String { "\(operation), \(interpolation)" }
    }

    /// Digests of what torchvision 0.29 makes of a colour image and of a grey one of Pillow 13.0, made by
    /// Benchmarks/compare_images_with_torchvision.py.
    static let goldens: [Golden] = [
        Golden(.brightness(0.0), .nearest, 0x61b3_c874_387c_7b7f, grey: 0x1cad_0d78_d161_34f7),
        Golden(.brightness(0.55), .nearest, 0x1437_ff46_fdd0_3d5f, grey: 0xfdcc_90c4_5f5d_8c95),
        Golden(.brightness(1.0), .nearest, 0x62c5_d613_713e_768a, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.brightness(1.9), .nearest, 0x6c19_7ced_354b_53a4, grey: 0x5ff2_153c_962d_adb3),
        Golden(.contrast(0.1), .nearest, 0xe2e3_8373_4ab3_ba26, grey: 0xa5dd_795d_abee_91d3),
        Golden(.contrast(0.73), .nearest, 0xdf52_9ea8_1d3b_0205, grey: 0xf160_e5ef_dc18_c41d),
        Golden(.contrast(1.45), .nearest, 0x9804_3eb2_0133_35e3, grey: 0x4e41_9d80_b458_62e9),
        Golden(.saturation(0.0), .nearest, 0xb0a8_adcb_adbd_f572, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.saturation(0.4), .nearest, 0x3f2d_afc1_f685_19e2, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.saturation(1.3), .nearest, 0x5913_996b_1838_da83, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.sharpness(0.1), .nearest, 0xcfde_be45_4f40_b0e5, grey: 0x2381_796e_5e64_eb11),
        Golden(.sharpness(0.55), .nearest, 0x510f_954b_1480_bd72, grey: 0xd3e8_ab10_2078_1179),
        Golden(.sharpness(1.9), .nearest, 0x5581_8992_27ed_45b3, grey: 0x6fcd_e07a_07cf_621c),
        Golden(.hue(-0.5), .nearest, 0x3202_bce3_5ce4_0c82, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.hue(-0.1), .nearest, 0xba85_1a67_e9bc_2a69, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.hue(0.03), .nearest, 0x6632_79d0_67d6_21b4, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.hue(0.4), .nearest, 0xef70_1763_6a24_ef0d, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.posterize(bits: 2), .nearest, 0xf02f_c36d_6318_8d3f, grey: 0x1ca1_518f_a579_0777),
        Golden(.posterize(bits: 4), .nearest, 0xfe84_ca06_0f33_c33f, grey: 0x9e10_5f53_03bf_2f17),
        Golden(.posterize(bits: 7), .nearest, 0x2a33_25f4_8f86_c9c9, grey: 0x26c8_d68f_eca4_da9d),
        Golden(.solarize(threshold: 0.0), .nearest, 0x7880_8789_9555_0d63, grey: 0xce58_a36a_e05c_2fbb),
        Golden(.solarize(threshold: 127.5), .nearest, 0xa489_dc6c_baf7_35ca, grey: 0x1c76_d129_d010_f39e),
        Golden(.solarize(threshold: 178.5), .nearest, 0x1ee2_0449_f5b2_476b, grey: 0x6bc0_b8ff_318a_af80),
        Golden(.solarize(threshold: 255.0), .nearest, 0x98c4_a8b1_7f52_eefd, grey: 0xed0c_a6ae_6d14_c380),
        Golden(.autoContrast, .nearest, 0x62c5_d613_713e_768a, grey: 0x42b4_679e_20e4_0703),
        Golden(.equalize, .nearest, 0xe569_d7e1_a7c7_a04e, grey: 0x1131_4eb1_c544_57e2),
        Golden(.affine(.shearX(0.09)), .nearest, 0x8075_7f27_2ca4_4da1, grey: 0x03b5_8556_e552_d749),
        Golden(.affine(.shearY(0.09)), .nearest, 0x0eaf_183e_85f6_ab4b, grey: 0x0312_3cef_f08b_b3b4),
        Golden(.affine(.shearX(-0.297)), .nearest, 0x6f71_d774_e8b1_2497, grey: 0xdf73_87c1_84cf_708b),
        Golden(.affine(.shearY(-0.297)), .nearest, 0x010c_7f13_8d6b_8283, grey: 0x6c3d_cba0_7620_2e7c),
        Golden(.affine(.translation(x: 6)), .nearest, 0x7535_487b_d0fa_7152, grey: 0x6040_ff9c_146d_c64a),
        Golden(.affine(.translation(y: -11)), .nearest, 0xfe36_364f_5f0a_628d, grey: 0x6a97_6848_3de5_61be),
        Golden(
            .affine(.rotation(degrees: 9.0, height: 61, width: 47)), .nearest, 0x06dd_2ee2_7231_7879,
            grey: 0xb680_dc80_2acf_eaaa),
        Golden(
            .affine(.rotation(degrees: -27.3, height: 61, width: 47)), .nearest, 0xfd52_e403_1315_317b,
            grey: 0xd16c_e0b6_f903_cc38),
        Golden(
            .affine(.rotation(degrees: 90.0, height: 61, width: 47)), .nearest, 0x73cf_aed9_f9b9_fb1d,
            grey: 0x35cd_ae92_f1f4_4345),
        Golden(
            .affine(.rotation(degrees: 135.0, height: 61, width: 47)), .nearest, 0x946b_35f4_3e7f_068e,
            grey: 0x5d8b_73bf_64bb_3fbe),
        Golden(.affine(.shearX(0.09)), .bilinear, 0x6132_42ae_a426_15cb, grey: 0x6b00_a209_3293_37ee),
        Golden(.affine(.shearY(0.09)), .bilinear, 0x111d_c553_72d4_8e83, grey: 0xa904_61ce_10ac_c776),
        Golden(.affine(.shearX(-0.297)), .bilinear, 0x659c_0b1f_e109_2b22, grey: 0x13d7_abb0_6663_b788),
        Golden(.affine(.shearY(-0.297)), .bilinear, 0x3ad4_3ad4_6a28_bef2, grey: 0x38c7_e2dd_990b_fd3f),
        Golden(.affine(.translation(x: 6)), .bilinear, 0x7535_487b_d0fa_7152, grey: 0x6040_ff9c_146d_c64a),
        Golden(.affine(.translation(y: -11)), .bilinear, 0xfe36_364f_5f0a_628d, grey: 0x6a97_6848_3de5_61be),
        Golden(
            .affine(.rotation(degrees: 9.0, height: 61, width: 47)), .bilinear, 0x1acb_4f40_befe_bca3,
            grey: 0x2393_6151_be20_4644),
        Golden(
            .affine(.rotation(degrees: -27.3, height: 61, width: 47)), .bilinear, 0xb881_a864_4603_3665,
            grey: 0x9e20_fb98_c1c0_4098),
        Golden(
            .affine(.rotation(degrees: 90.0, height: 61, width: 47)), .bilinear, 0x73cf_aed9_f9b9_fb1d,
            grey: 0x35cd_ae92_f1f4_4345),
        Golden(
            .affine(.rotation(degrees: 135.0, height: 61, width: 47)), .bilinear, 0xb524_ae6b_dfc9_53fb,
            grey: 0xe137_6971_dc09_7dd2),
        Golden(.affine(.shearX(0.09)), .bicubic, 0x6ec0_36cf_ff97_efbe, grey: 0x3cba_f4ef_757c_e9ab),
        Golden(.affine(.shearY(0.09)), .bicubic, 0xab6f_98e7_7c8d_cac8, grey: 0x16aa_daca_9dac_b2ce),
        Golden(.affine(.shearX(-0.297)), .bicubic, 0x0174_ab8a_08be_3af0, grey: 0xbc3b_6de6_6822_b927),
        Golden(.affine(.shearY(-0.297)), .bicubic, 0xa8ff_227f_23de_9fad, grey: 0x7f98_ca52_57fd_d26b),
        Golden(.affine(.translation(x: 6)), .bicubic, 0x7535_487b_d0fa_7152, grey: 0x6040_ff9c_146d_c64a),
        Golden(.affine(.translation(y: -11)), .bicubic, 0xfe36_364f_5f0a_628d, grey: 0x6a97_6848_3de5_61be),
        Golden(
            .affine(.rotation(degrees: 9.0, height: 61, width: 47)), .bicubic, 0x903b_4993_54dd_7476,
            grey: 0xe0c9_7318_bb08_8bbb),
        Golden(
            .affine(.rotation(degrees: -27.3, height: 61, width: 47)), .bicubic, 0x5cf7_fc11_7f18_97cb,
            grey: 0xe37b_2c2c_8e4e_108e),
        Golden(
            .affine(.rotation(degrees: 90.0, height: 61, width: 47)), .bicubic, 0x73cf_aed9_f9b9_fb1d,
            grey: 0x35cd_ae92_f1f4_4345),
        Golden(
            .affine(.rotation(degrees: 135.0, height: 61, width: 47)), .bicubic, 0xe934_4703_87c6_2036,
            grey: 0x91fb_e1fe_2a2a_d0e3),
    ]

    private func changed(_ pixels: [UInt8], channels: Int, _ golden: Golden) -> [UInt8] {
        var pixels = pixels
        var span = pixels.mutableSpan
        var changer = ImageOperator()
        changer.apply(
            golden.operation, to: &span, height: 61, width: 47, channels: channels,
            interpolation: golden.interpolation)
        return pixels
    }

    @Test("changes of colours and shape give the bytes that torchvision gives", arguments: goldens)
    func torchvision(golden: Golden) {
        let image = patchwork(61, 47)
        #expect(FNV1a(changed(image.pixels, channels: 3, golden)).value == golden.digest)
        let grey = stride(from: 0, to: image.pixels.count, by: 3).map { place in
            luma(image.pixels[place], image.pixels[place + 1], image.pixels[place + 2])
        }
        #expect(FNV1a(changed(grey, channels: 1, golden)).value == golden.grey)
    }
}
