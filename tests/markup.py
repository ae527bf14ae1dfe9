"""What people type who would like to run a script in other people's pages (test-catalogue W1). Each would set `window.canary`."""

from itertools import product

RUN = "window.canary=1"
TAGS = (
    "img",
    "svg",
    "video",
    "audio",
    "body",
    "input",
    "details",
    "iframe",
    "object",
    "marquee",
    "style",
    "math",
    "a",
    "button",
    "select",
)
EVENTS = (
    "onerror",
    "onload",
    "onfocus",
    "ontoggle",
    "onmouseover",
    "onanimationstart",
    "onpointerenter",
    "onbegin",
    "onstart",
    "onpageshow",
)
FORMS = (
    "<{tag} src=x {event}={run}>",
    '"><{tag} {event}="{run}" autofocus open>',
)
SINGLE = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<SCRIPT\x0b>{RUN}</SCRIPT >",
    f"<script src=data:text/javascript,{RUN}></script>",
    f"<a href=javascript:{RUN}>click</a>",
    f"<a href='java\tscript:{RUN}'>click</a>",
    f"javascript:{RUN}//",
    f"'-({RUN})-'",
    f'"-({RUN})-"',
    f"`-({RUN})-`",
    f"${{{RUN}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mi//xlink:href='data:x,<script>{RUN}</script>'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<base href='javascript:{RUN}//'>",
    f"<form><button formaction=javascript:{RUN}>x",
    f"<template shadowrootmode=open><img src=x onerror={RUN}></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    f"<!--<img src='--><img src=x onerror={RUN}>'>",
    f"<![CDATA[<img src=x onerror={RUN}>]]>",
    f"]]><script>{RUN}</script>",
)
PAYLOADS = [
    *SINGLE,
    *(form.format(tag=tag, event=event, run=RUN) for form, tag, event in product(FORMS, TAGS, EVENTS)),
]
