//go:build !linux && !darwin && !windows

package process

func processor() string { return "" }

// PeakMiB is not known here: 0.
func PeakMiB() float64 { return 0 }

// ResetPeak has nothing to do.
func ResetPeak() {}

// FreeMiB is not known here: 0.
func FreeMiB() float64 { return 0 }
