package cache

import (
	"os"

	"longcat/internal/durable"
)

// Keep gives content that was fetched into memory its final name, by way of a
// part's name, where a killed process leaves nothing that another would take
// for a file. Content that is not as promised is a *HashError.
func Keep(part, final string, b []byte, c Content) error {
	if err := c.Check(b); err != nil {
		return err
	}
	return durable.Write(part+partSuffix, final, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}
