import Runs

extension RunPage {
    /// The section of pictures; nil where there are none.
    var pictures: Markup? {
        guard let detail = history.detail else { return nil }
        let parts = [
            Self.gallery("Most wrong", "Wrong answers of the greatest loss.", Self.answers(detail.wrong, detail)),
            Self.gallery(
                "Least sure", "Pictures whose likeliest class has the smallest probability.",
                Self.answers(detail.unsure, detail)),
            Self.gallery(
                "Training samples as the network sees them", "After augmentation, in the network's size.",
                detail.augmented.compactMap { sample in
                    Self.picture(
                        sample.picture, words: "a training sample of \(Self.name(sample.label, detail))",
                        caption: "\(Self.name(sample.label, detail))")
                }),
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined()
    }

    private static func answers(_ pictures: [EvaluationDetail.Picture], _ detail: EvaluationDetail) -> [Markup] {
        pictures.compactMap { picture in
            let (label, predicted) = (name(picture.label, detail), name(picture.predicted, detail))
            let probability = NumberText.shown(picture.probability, .share)
            let isRight = picture.label == picture.predicted
            let file = picture.name.map { ": \($0)" } ?? ""
            let answer: Markup =
                isRight ? "<b>\(label)</b>" : "<b>\(label)</b><br>taken for \(predicted)"
            return Self.picture(
                picture.picture,
                words: "test sample \(picture.sample)\(file): label \(label), answer \(predicted)",
                caption: "\(answer)<br><span class=\"muted\">\(probability)</span>")
        }
    }

    private static func name(_ index: Int, _ detail: EvaluationDetail) -> String {
        detail.classes.indices.contains(index) ? detail.classes[index] : "class \(index)"
    }

    private static func gallery(_ title: String, _ words: String, _ pictures: [Markup]) -> Markup? {
        guard !pictures.isEmpty else { return nil }
        return """
            <div class="card gallery"><h3>\(title)</h3><p class="muted">\(words)</p>
            <ul class="pictures">\(pictures.joined())</ul></div>

            """
    }

    /// Returns a picture; nil where the text is not a PNG file as a `data:` URL, as a page must not load anything else.
    private static func picture(_ url: String, words: String, caption: Markup) -> Markup? {
        let head = "data:image/png;base64,"
        let isPicture =
            url.hasPrefix(head)
            && url.utf8.dropFirst(head.utf8.count).allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
                    true
                default: false
                }
            }
        guard isPicture else { return nil }
        // A small picture's pixels stay seen when it is made larger.
        let small: Markup = url.utf8.count < 8000 ? " class=\"small\"" : ""
        return """
            <li><img\(small) src="\(url)" alt="\(words)" title="\(words)" decoding="async"><div>\(caption)</div></li>

            """
    }
}
