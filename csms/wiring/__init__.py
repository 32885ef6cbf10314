"""The wiring by area: what is made of what. `csms.app` joins the areas, in order."""
