package units_test

import (
	"fmt"

	"longcat/internal/units"
)

func Example() {
	fmt.Println(units.Count(10_731_524_096), "parameters in", units.Size(21_463_143_733))
	// Output: 10.7B parameters in 21.5 GB
}
