"""What an audit runs on: Node, Chrome, the installed Lighthouse, and the process of the three."""
