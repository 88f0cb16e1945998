/* What a style sheet cannot do. */

/* Only a box that scrolls is reached by the keyboard. It is looked at when it comes into sight, and all are measured before
   any changes: both save layouts. */
const reach = new ResizeObserver((changes) => {
  const scrolls = new Map(changes.map(({ target: box }) => [box, box.scrollWidth > box.clientWidth]));
  for (const [box, wide] of scrolls) {
    if (box.matches(".highlight code") && !box.id) copies(box);
    if (wide) box.tabIndex = 0;
    else if (box !== document.activeElement) box.removeAttribute("tabindex");
  }
});

/* A listing gets a button for copying, to which the theme's script listens. */
let listings = 0;
const copies = (code) => {
  const button = document.querySelector("#copies").content.cloneNode(true);
  code.id = `code-${++listings}`;
  button.querySelector("button").dataset.clipboardTarget = `#${code.id}`;
  code.before(button);
};

const boxes = ".md-typeset .equation[tabindex], .md-typeset__scrollwrap, .md-typeset table, .md-typeset pre > code";
const found = document.querySelectorAll(boxes);
const look = () => {
  reach.disconnect();
  for (const box of found) reach.observe(box);
};
look();
document.fonts.addEventListener("loadingdone", look);

/* Escape closes what explains a term, until another key or the pointer is used. */
for (const type of ["keydown", "pointerover", "focusin"]) {
  addEventListener(type, ({ key }) => document.body.toggleAttribute("data-quiet", key === "Escape"));
}
