/// The style sheet of all pages. Its colours are a palette's, light or dark as the reader's system is.
enum PageStyle {
    static let sheet: String = {
        let inks = Ink.all.map { ink in
            ".k-\(ink.name){stroke:var(--\(ink.name))}.f-\(ink.name){fill:var(--\(ink.name))}"
        }.joined(separator: "\n")
        return """
            :root{color-scheme:light dark;\(variables(.light))--page:#f6f7f9;--line:#dfe3e9;--link:#1d4ed8;\
            --good:#166534;--goodpage:#e7f6ec;--busy:#1e40af;--busypage:#e5edfd;--halt:#7c4a03;--haltpage:#fcf1dc}
            @media (prefers-color-scheme:dark){:root{\(variables(.dark))--page:#0e1116;--line:#2a313c;--link:#8ab4ff;\
            --good:#7ee2a8;--goodpage:#12301f;--busy:#a9c7ff;--busypage:#172a4d;--halt:#f3c982;--haltpage:#38290f}}
            \(inks)
            \(rules)
            """
    }()

    private static func variables(_ palette: Palette) -> String {
        Ink.all.map { "--\($0.name):\(palette.color($0).css);" }.joined()
    }

    private static let rules = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
        @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
        body{margin:0;background:var(--page);color:var(--text);line-height:1.5;
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        .wrap{max-width:1320px;margin:0 auto;padding:28px 24px 64px}
        a{color:var(--link)}
        h1{font-size:26px;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
        h2{font-size:18px;font-weight:650;margin:44px 0 14px;scroll-margin-top:12px}
        h3{font-size:14px;font-weight:600;margin:0}
        p{margin:6px 0}
        .muted{color:var(--muted)}
        .top{display:flex;flex-wrap:wrap;gap:10px 16px;align-items:center}
        .badge{font-size:13px;font-weight:600;border-radius:999px;padding:2px 11px}
        .badge.finished{color:var(--good);background:var(--goodpage)}
        .badge.running{color:var(--busy);background:var(--busypage)}
        .badge.stopped{color:var(--halt);background:var(--haltpage)}
        nav{margin:14px 0 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px}
        nav a{text-decoration:none;padding:3px 0}
        nav a:hover{text-decoration:underline}
        .skip{position:absolute;left:-999px}
        .skip:focus{left:16px;top:8px;background:var(--surface);padding:8px 14px;border-radius:8px;z-index:9}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(46%,150px),1fr));gap:12px;
        margin:24px 0 0;padding:0}
        .tiles>div{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
        .tiles dt{font-size:13px;color:var(--muted)}
        .tiles dd{margin:2px 0 0;font-size:22px;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.25}
        .tiles dd small{display:block;font-size:12.5px;font-weight:400;color:var(--muted)}
        .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,380px),1fr));gap:16px}
        .card{background:var(--surface);border:1px solid var(--line);border-radius:12px;
        padding:16px 18px;margin:0;min-width:0}
        .card>figcaption{margin-bottom:10px}
        header+.grid{margin-top:20px}
        .card>h2{font-size:14px;font-weight:600;margin:0 0 10px;overflow-wrap:anywhere}
        .double{grid-column:span 2}
        @media (max-width:860px){.double{grid-column:auto}}
        .plot{position:relative;border-radius:6px;touch-action:pan-y}
        .plot svg{display:block;width:100%;height:auto;overflow:visible;stroke-linejoin:round;stroke-linecap:round}
        .plot svg text{font-family:inherit}
        .wide{overflow-x:auto}
        .wide svg{min-width:470px;max-width:640px}
        .cursor{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3}
        .picked{stroke:var(--text);stroke-width:2}
        .tip{position:absolute;top:0;left:0;pointer-events:none;z-index:5;background:var(--surface);color:var(--text);
        border:1px solid var(--line);border-radius:8px;padding:6px 10px;font-size:12.5px;line-height:1.45;
        box-shadow:0 4px 14px rgb(0 0 0/.16);max-width:260px;font-variant-numeric:tabular-nums}
        .tip[hidden]{display:none}
        .tip b{display:block;font-weight:600}
        .tip i{display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:6px}
        details{margin-top:10px}
        summary{cursor:pointer;font-size:13px;color:var(--muted);padding:3px 0;width:max-content;max-width:100%}
        summary:hover{color:var(--text)}
        :focus-visible{outline:2px solid var(--link);outline-offset:2px}
        .scroll{overflow-x:auto;max-height:420px;overflow-y:auto;border-radius:6px}
        table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;width:100%}
        th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
        th{font-weight:600;color:var(--muted);white-space:nowrap}
        td{overflow-wrap:anywhere}
        tbody th{color:var(--text);font-weight:500;white-space:normal}
        .n{text-align:right;white-space:nowrap;overflow-wrap:normal}
        .best{font-weight:650}
        code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        .bar{display:block;width:100%;min-width:60px;height:8px;margin-top:6px}
        .pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(88px,1fr));gap:14px;
        padding:0;margin:0;list-style:none}
        .pictures img{display:block;width:100%;aspect-ratio:1;object-fit:contain;border-radius:8px;
        background:var(--page)}
        .pictures img.small{image-rendering:pixelated}
        .pictures div{font-size:12.5px;line-height:1.35;margin-top:5px;overflow-wrap:anywhere}
        .pair{display:grid;grid-auto-columns:1fr;grid-auto-flow:column;gap:8px}
        .pair img{display:block;width:100%;height:auto;border-radius:8px}
        .seen{table-layout:fixed;margin-top:10px}
        .seen caption{text-align:left;font-weight:650;overflow-wrap:anywhere}
        .seen th{width:45%;overflow-wrap:anywhere}
        .gallery+.gallery{margin-top:16px}
        .note{background:var(--haltpage);color:var(--halt);border-radius:10px;padding:10px 14px;margin-top:16px}
        footer{margin-top:48px;font-size:13px;color:var(--muted)}
        @media (max-width:520px){.wrap{padding:20px 16px 48px}.card{padding:14px}h1{font-size:22px}}
        @media print{nav,.tip,.skip{display:none}.card,.tiles>div{break-inside:avoid}}
        """
}
