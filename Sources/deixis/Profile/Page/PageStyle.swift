/// What every page carries: how it looks and how it answers the pointer. Nothing is fetched.
enum PageStyle {
    static let css = """
        :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--dim:#667085;--line:#e3e6eb;--soft:#eef0f4;--hot:#d9480f}
        @media(prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1b1f27;--ink:#e6e9ef;--dim:#98a2b3;--line:#2d333e;--soft:#252b35;--hot:#ff922b}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
        h1{font-size:24px;margin:0;letter-spacing:-.01em}h2{font-size:15px;margin:0 0 12px}
        .sub{color:var(--dim);margin:4px 0 20px}.sub code{color:var(--ink)}
        code,.mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:12px}
        section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:0 0 16px}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin:0 0 16px}
        .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
        .card b{display:block;font-size:21px;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
        .card span{color:var(--dim);font-size:12px}.card.main{border-color:var(--hot)}
        .pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}@media(max-width:900px){.pair{grid-template-columns:1fr}}
        .pair section{min-width:0}
        svg{display:block;max-width:100%;height:auto}
        svg text{font-size:11px;fill:var(--dim)}svg text.strong{fill:var(--ink);font-weight:600}svg text.label{fill:var(--ink)}svg text.on{fill:#fff;font-weight:600;pointer-events:none}
        svg .grid{stroke:var(--line)}svg .axis{stroke:var(--dim)}svg .roof{stroke:var(--ink);stroke-width:1.6}
        svg .roof8{stroke:var(--hot);stroke-width:1.6}svg .slope{stroke:var(--dim);stroke-width:1.4;stroke-dasharray:5 4}
        [data-t]:hover{filter:brightness(1.12);stroke:var(--ink);stroke-width:1}
        .legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:10px 0 0;color:var(--dim);font-size:12px}
        .legend i,.key{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:12.5px;font-variant-numeric:tabular-nums}
        th{text-align:right;color:var(--dim);font-weight:500;padding:4px 8px;border-bottom:1px solid var(--line);white-space:nowrap}
        td{text-align:right;padding:3px 8px;border-bottom:1px solid var(--soft);white-space:nowrap}
        th.l,td.l{text-align:left}td.name{max-width:430px;overflow:hidden;text-overflow:ellipsis}
        td.bar{width:190px;min-width:120px}#layers td.name{max-width:520px}#layers td.bar{width:110px;min-width:90px}td.bar div{height:11px;border-radius:3px;min-width:1px}
        tbody tr:hover{background:var(--soft)}
        .tag{font-size:11px;padding:1px 7px;border-radius:9px;background:var(--soft);color:var(--dim)}
        .meter{display:inline-block;width:46px;height:6px;border-radius:3px;background:var(--soft);margin-right:8px;overflow:hidden;vertical-align:1px}
        .meter b{display:block;height:100%;background:var(--dim)}
        .meter.good b{background:#2f9e44}.meter.fair b{background:#f08c00}
        button{font:inherit;font-size:12px;color:var(--dim);background:var(--soft);border:1px solid var(--line);border-radius:7px;padding:2px 10px;cursor:pointer;float:right}
        button:hover{color:var(--ink)}
        dl{display:grid;grid-template-columns:auto 1fr;gap:3px 18px;margin:0}dt{color:var(--dim)}dd{margin:0;font-variant-numeric:tabular-nums}
        #tip{position:fixed;pointer-events:none;background:#111827;color:#f3f4f6;padding:7px 10px;border-radius:7px;font-size:12px;white-space:pre;
        box-shadow:0 4px 18px rgba(0,0,0,.3);display:none;z-index:9;max-width:640px;overflow:hidden;text-overflow:ellipsis}
        .note{color:var(--dim);font-size:12px;margin:10px 0 0}
        """

    static let script = """
        const tip=document.getElementById('tip');
        addEventListener('mousemove',e=>{const t=e.target.closest&&e.target.closest('[data-t]');
        if(!t){tip.style.display='none';return}
        tip.textContent=t.dataset.t;tip.style.display='block';
        tip.style.left=Math.max(4,Math.min(e.clientX+14,innerWidth-tip.offsetWidth-8))+'px';
        tip.style.top=(e.clientY+18+tip.offsetHeight>innerHeight?e.clientY-tip.offsetHeight-10:e.clientY+18)+'px'});
        const sort=document.getElementById('sort');
        if(sort)sort.onclick=()=>{const b=document.querySelector('#layers tbody'),slow=sort.dataset.by!=='ms';
        [...b.rows].sort((x,y)=>slow?y.dataset.ms-x.dataset.ms:x.dataset.at-y.dataset.at).forEach(r=>b.append(r));
        sort.dataset.by=slow?'ms':'at';sort.textContent=slow?'in order of the run':'slowest first'};
        """

    /// By rank of an operator's time; what is beyond is gray.
    static let palette = ["#3b6fd4", "#f08c00", "#2f9e44", "#c2255c", "#7048e8", "#1098ad", "#a9702c", "#e8590c"]
    static let rest = "#9aa3b2"
}
