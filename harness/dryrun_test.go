package main

import (
	"math"
	"strings"
	"testing"
)

// The longest time there is does not become a negative one.
func TestPlannedForCenturies(t *testing.T) {
	var text strings.Builder
	if err := (plannedRuns{{Train: true, time: math.MaxInt64}}).table().Terminal(&text, 200); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "centuries") {
		t.Errorf("the table is\n%s", text.String())
	}
}
