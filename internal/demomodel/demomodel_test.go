package demomodel_test

import (
	"fmt"
	"log"
	"os"

	"longcat/internal/demomodel"
)

// A model of 32 layers, whose weights take 4 MB.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "model-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := demomodel.Write(dir); err != nil {
		log.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entries[0].Name())
	// Output: README.md
}
