"""The only place where world, judge and show meet."""
