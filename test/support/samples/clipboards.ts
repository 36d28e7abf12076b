/** What programs put on the clipboard as html, in their form, with a text of our own, and what becomes of it as Markdown. */
export const clipboards: Record<string, { html: string; body: string }> = {
  'Microsoft Word': {
    html: `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=Generator content="Microsoft Word 15"><link rel=File-List href="file:///C:/Users/ada/clip_filelist.xml">
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->
<style><!-- p.MsoNormal {margin:0cm; font-family:"Calibri",sans-serif;} @list l0 {mso-list-id:1;} --></style></head>
<body lang=EN-GB style='tab-interval:36.0pt;word-wrap:break-word'><!--StartFragment-->
<h1>The dyke holds<o:p></o:p></h1>
<p class=MsoNormal><span lang=EN-US style='mso-ansi-language:EN-US'>Water stands at <b style='mso-bidi-font-weight:normal'>4.2&nbsp;metres</b>, says <i>the
harbour master</i>.<o:p></o:p></span></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>North gate<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='margin-left:72.0pt;text-indent:-18.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>o<span>&nbsp;&nbsp; </span></span><![endif]>closed at <s>nine</s> ten<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span><![endif]>South gate<o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l1 level1 lfo2'><![if !supportLists]><span style='mso-list:Ignore'>3.<span>&nbsp;&nbsp; </span></span><![endif]>Third<o:p></o:p></p>
<table class=MsoTableGrid border=1 cellspacing=0><tr><td width=301 valign=top style='width:225.4pt'><p class=MsoNormal><b>Gate</b><o:p></o:p></p></td><td width=301><p class=MsoNormal align=right style='text-align:right'>Metres<o:p></o:p></p></td></tr>
<tr><td><p class=MsoNormal>North<o:p></o:p></p></td><td style='text-align:right'><p class=MsoNormal>4.2<o:p></o:p></p></td></tr></table>
<p class=MsoNormal>More in <a href="https://a.example/report" title="x"><span style='color:blue'>the report</span></a>.<o:p></o:p></p>
<!--EndFragment--></body></html>`,
    body: '## The dyke holds\n\nWater stands at **4.2\u00a0metres**, says *the harbour master*.\n\n- North gate\n  - closed at ~~nine~~ ten\n- South gate\n\n3. Third\n\n| Gate | Metres |\n| --- | --: |\n| North | 4.2 |\n\nMore in [the report](https://a.example/report).',
  },
  'Google Docs': {
    html: `<meta charset='utf-8'><meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-5a0c1f2e-7fff-1234"><h2 dir="ltr" style="line-height:1.38;margin-top:18pt"><span style="font-size:16pt;font-family:Arial;font-weight:400;white-space:pre-wrap;">The dyke holds</span></h2><p dir="ltr" style="line-height:1.38"><span style="font-weight:400;font-style:normal;white-space:pre-wrap;">Water stands at </span><span style="font-weight:700;white-space:pre-wrap;">4.2 metres</span><span style="font-weight:400;white-space:pre-wrap;">, says </span><span style="font-weight:400;font-style:italic;white-space:pre-wrap;">the harbour master</span><span style="font-weight:400;white-space:pre-wrap;">.</span></p><br /><ul style="margin-top:0"><li dir="ltr" style="list-style-type:disc" aria-level="1"><p dir="ltr" role="presentation"><span style="font-weight:400;">North gate</span></p></li><ul><li dir="ltr" aria-level="2"><p dir="ltr" role="presentation"><span style="text-decoration:line-through;">nine</span><span> ten</span></p></li></ul><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span>South gate</span></p></li></ul><p dir="ltr"><a href="https://a.example/report" style="text-decoration:none;"><span style="color:#1155cc;text-decoration:underline;">the report</span></a><span><img src="https://lh7.example/tracker.png" width="1" height="1" /></span></p></b><br class="Apple-interchange-newline">`,
    body: '## The dyke holds\n\nWater stands at **4.2 metres**, says *the harbour master*.\n\n- North gate\n  - ~~nine~~ ten\n- South gate\n\n[the report](https://a.example/report)',
  },
  LibreOffice: {
    html: `<!DOCTYPE html><html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"/><title></title><meta name="generator" content="LibreOffice 24.2"/><style type="text/css">@page { margin: 2cm } p { line-height: 115% }</style></head><body lang="en-GB" dir="ltr"><h3 class="western">The dyke holds</h3><p style="line-height: 100%; margin-bottom: 0cm">Water stands at <b>4.2 metres</b>,
says <i>the harbour master</i>.</p><p style="margin-bottom: 0cm"><br/></p><ol><li><p style="margin-bottom: 0cm"><font color="#000000"><font face="Liberation Serif, serif">North gate</font></font></p></li><li><p>South gate</p></li></ol><table width="643" cellpadding="4"><col width="313"/><thead><tr valign="top"><th width="313" style="border: none"><p>Gate</p></th><th><p>Metres</p></th></tr></thead><tbody><tr><td><p>North<br/>side</p></td><td><p align="center">4.2</p></td></tr></tbody></table></body></html>`,
    body: '## The dyke holds\n\nWater stands at **4.2 metres**, says *the harbour master*.\n\n1. North gate\n2. South gate\n\n| Gate | Metres |\n| --- | --- |\n| North side | 4.2 |',
  },
  'a page': {
    html: `<meta charset="utf-8"><div class="article" style="color: rgb(0,0,0); font-family: serif" onclick="alert(1)"><script>alert(1)</script><style>p{color:red}</style><div><div><h1 style="font-size:3em">The <b>dyke</b> holds</h1></div><div>Water stands at <strong>4.2&nbsp;metres</strong><span class="Apple-converted-space">&nbsp;</span>today.<br><br>It <em>falls</em> now.<br>Slowly.</div></div><figure><img src="https://a.example/p.jpg" alt="A dyke" onerror="alert(1)"><figcaption>The north side</figcaption></figure><blockquote><div>“It holds.”</div></blockquote><pre class="hljs"><code class="language-js"><span>a</span> &lt; b
  c</code></pre><p>See <a href="/relative">this</a>, <a href="javascript:alert(1)">that</a> and <a href="https://a.example/ü?a=1&amp;b=2" target="_blank" rel="noopener">more</a>.</p><hr><iframe src="https://a.example"></iframe><svg><text>no</text></svg><form><input value="x"><button>Send</button></form><p style="display: none">unseen</p><table role="presentation"><tr><td>Laid out.</td></tr></table></div>`,
    body: '## The dyke holds\n\nWater stands at **4.2\u00a0metres** today.\n\nIt *falls* now.\\\nSlowly.\n\nThe north side\n\n> “It holds.”\n\n```\na < b\n  c\n```\n\nSee this, that and [more](https://a.example/%C3%BC?a=1&b=2).\n\n---\n\nLaid out.',
  },
  'a mail': {
    html: `<div dir="ltr"><div>Water stands at 4.2 metres.</div><div><br></div><div>The harbour master says:</div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex"><div dir="ltr">It holds.<br>For now.</div></blockquote><div><img src="https://mail.example/open.gif?id=1" width="1" height="1" style="display:none"></div></div>`,
    body: 'Water stands at 4.2 metres.\n\nThe harbour master says:\n\n> It holds.\\\n> For now.',
  },
  'a messenger': {
    html: `<div data-pre-plain-text="[20:15, 24/11/2026] Ada: "><span dir="ltr"><span>Water stands at <strong data-app-text-template="*\${appText}*">4.2 metres</strong> <img crossorigin="anonymous" src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP" alt="🌊" draggable="false" class="emoji"> now</span></span><span aria-hidden="true">20:15</span></div><div class="p-rich_text_section">Use <code data-stringify-type="code">gate 3</code> and <i data-stringify-type="italic">wait</i><br><b data-stringify-type="bold">Ada</b></div>`,
    body: 'Water stands at **4.2 metres** 🌊 now\n\nUse `gate 3` and *wait*\\\n**Ada**',
  },
};
