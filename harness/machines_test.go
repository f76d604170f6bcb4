package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models"
)

// The table of MACHINES.md is what the scaling model says.
func TestScalingTable(t *testing.T) {
	text, err := os.ReadFile("MACHINES.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"resnet-20", "resnet-56", "resnet-110"} {
		net, err := experiments.ParseNetwork(name)
		if err != nil {
			t.Fatal(err)
		}
		row := "| " + name
		for _, threads := range []int{1, 2, 8, 16, 64} {
			row += fmt.Sprintf(" | %.1f", models.Speedup(net, 128, threads, threads))
		}
		row += fmt.Sprintf(" | %.1f |", 4*models.Speedup(net, 128, 16, 64))
		if !strings.Contains(string(text), row+"\n") {
			t.Errorf("MACHINES.md has no line\n%s", row)
		}
	}
}
