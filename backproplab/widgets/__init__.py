"""What a page lets its reader touch: custom elements in JavaScript, and the functions that write their HTML."""
