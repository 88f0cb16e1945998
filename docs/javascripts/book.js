/* What a style sheet cannot do. The book reads the same without this. */

/* A box that scrolls, and no other, can be reached and scrolled with the keyboard. What is folded, or so far away that it
   has not been laid out, is looked at when it comes into sight: to measure it earlier would cost its layout. */
const reach = new ResizeObserver((changes) => {
  for (const { target: box } of changes) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else if (box !== document.activeElement) box.removeAttribute("tabindex");
  }
});

addEventListener("load", () => {
  const search = document.querySelector(".md-search[role=dialog]");
  if (search && !search.ariaLabel) search.ariaLabel = "Search";
  for (const buttons of document.querySelectorAll(".md-code__nav")) buttons.role = "none";
  const boxes = ".md-typeset .equation[tabindex], .md-typeset__scrollwrap, .md-typeset pre > code";
  const look = () => {
    for (const box of found) {
      reach.unobserve(box);
      reach.observe(box);
    }
  };
  const found = document.querySelectorAll(boxes);
  look();
  document.fonts.addEventListener("loadingdone", look); // another typeface makes another width
});
