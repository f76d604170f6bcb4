package main

import (
	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/text"
	"deepresidual/results"
)

// checkValidation reports a part for validation that leaves nothing to train on:
// generated sets are smaller than what specs are written for.
func checkValidation(list []*experiments.Experiment, set results.Fingerprint) error {
	images := data.TrainSize(set)
	for _, e := range list {
		for _, r := range e.Runs(experiments.Full(), nil) {
			if v := r.Protocol.Validation; v >= images {
				return usagef("%s: protocol.validation: %s images cannot be held out of the %s that -data synthetic has for training",
					e.File, text.Grouped(v), text.Grouped(images))
			}
		}
	}
	return nil
}
