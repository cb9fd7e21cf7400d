"""Pages with one known fault each, and the element or file that is to blame."""

from tests.lighthouse.faults import accessibility, performance, practices
from tests.lighthouse.faults.page import PAGE, Fault

FAULTS: dict[str, Fault] = {
    **accessibility.FAULTS,
    **performance.FAULTS,
    **practices.FAULTS,
}

BAD_PAGE = PAGE.format(
    head='<meta charset="utf-8"><meta name="viewport" content="user-scalable=no, maximum-scale=1">',
    body="".join(
        f'<div class="row"><img src="/pictures/{n % 7}.png"><p style="color:#ccc">Row {n}</p>'
        f'<input name="field-{n}"><button></button><a href="#"></a><select><option>1</select>'
        f'<div role="slidr" tabindex="3">x</div><div aria-hidden="true"><button>y</button></div>'
        f'<div aria-labl="z" role="checkbox"></div><iframe srcdoc="x"></iframe></div>'
        for n in range(25)
    )
    + '<h4>Late</h4><dl><p>no</p></dl><ul><p>no</p></ul><li>alone</li><video src="x.mp4"></video>'
    '<table><td headers="nothing">1</td></table><p lang="xx-bad">?</p><object></object>'
    '<input type="image" src="/pictures/1.png"><input type="button"><meter></meter>',
).replace('<html lang="en">', "<html>")
