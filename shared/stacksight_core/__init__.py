"""What every stacksight server needs. Import from the modules; this file stays light."""
