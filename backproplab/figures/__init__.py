"""Pictures as SVG that follow the page; `plots` alone imports matplotlib."""
