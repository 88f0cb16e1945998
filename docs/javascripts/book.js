/* What a style sheet cannot do. The book reads the same without this. */

/* A box that scrolls can be reached, and scrolled, with the keyboard. */
const reach = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
};

addEventListener("load", () => {
  const search = document.querySelector(".md-search[role=dialog]");
  if (search && !search.ariaLabel) search.ariaLabel = "Search";
  for (const buttons of document.querySelectorAll(".md-code__nav")) buttons.ariaLabel ??= "Code block";
  new ResizeObserver(reach).observe(document.querySelector(".md-content"));
  for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", reach);
});
