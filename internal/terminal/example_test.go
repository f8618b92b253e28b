package terminal_test

import (
	"fmt"

	"longcat/internal/progress"
	"longcat/internal/terminal"
)

// Where there is no terminal, quick work says nothing.
func Example() {
	d := terminal.Start(terminal.Show{Say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }})
	m := progress.Start(d.Progress(), "hashing", "model.safetensors", 1000)
	m.Add(1000)
	m.Done()
	d.Stop()
	// Output:
}
