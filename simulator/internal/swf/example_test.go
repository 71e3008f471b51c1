package swf_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// A malformed line is an error that names it, and reading goes on behind it.
func ExampleReader_Next() {
	text := `; MaxProcs: 100
15 599850 192180 3477 4 -1 -1 4 53940 -1 1 12 12 -1 -1 -1 -1 -1
16 600022 11940 soon 25 -1 -1 25 3600 -1 1 13 13 -1 -1 -1 -1 -1
17 600476 364560 215337 5 -1 -1 5 215400 -1 0 14 14 -1 -1 -1 -1 -1
`
	r, err := swf.NewReader(strings.NewReader(text), "made-up.swf")
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		job, err := r.Next()
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("job %d: %d processors for %d s\n", job.Number, job.Size(), job.RunSeconds)
	}
	fmt.Println(r.Header().Processors(), "processors in all")
	// Output:
	// job 15: 4 processors for 3477 s
	// made-up.swf:3: field 4 (run time): "soon" is not a number
	// job 17: 5 processors for 215337 s
	// EOF
	// 100 processors in all
}
