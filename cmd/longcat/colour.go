package main

// What text for people is shown in, by ECMA-48's select graphic rendition.
const (
	red    = "1;31"
	yellow = "33"
	dim    = "2"
)

// painted is text in a colour, where colours are wanted: on a terminal that has
// them, unless NO_COLOR (https://no-color.org) is set.
func (a *app) painted(colour, text string) string {
	switch {
	case a.colour == "always":
	case a.colour == "never", !a.terminal:
		return text
	default:
		noColour, _ := a.lookup("NO_COLOR")
		kind, _ := a.lookup("TERM")
		if noColour != "" || kind == "dumb" {
			return text
		}
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
