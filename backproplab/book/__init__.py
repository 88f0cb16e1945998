"""What only the building of the book needs: mathematics, the ledger of equations, the rules of a page."""
