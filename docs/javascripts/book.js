/* What a style sheet cannot do. */

/* Only a box that scrolls is reached by the keyboard. What is folded or far away is looked at when it comes into sight: to
   measure it earlier would cost its layout. All are measured before any is changed, so that the page is laid out once. */
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
  for (const box of found) {
    reach.unobserve(box);
    reach.observe(box);
  }
};
look();
document.fonts.addEventListener("loadingdone", look);

/* Escape closes what explains a term, until the term is left. */
addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const term of document.querySelectorAll("abbr:is(:hover, :focus)")) {
    term.dataset.closed = "";
    for (const end of ["pointerleave", "blur"]) term.addEventListener(end, () => delete term.dataset.closed, { once: true });
  }
});
