// Package results keeps the record of every training run, and decides which
// worker trains which run.
//
// A results folder holds one folder for each run, named by what can change the
// run's numbers (see [Key.Identity]):
//
//	runs/<network>/<identity>/run.toml       the resolved spec, data, provenance, summary
//	runs/<network>/<identity>/curve.csv      one row per evaluation; the same bytes however often the run was resumed
//	runs/<network>/<identity>/timing.csv     when those rows were reached; differs from machine to machine
//	runs/<network>/<identity>/responses.csv  standard deviation of the layer responses (Figure 7)
//	runs/<network>/<identity>/claim*         the lease: which worker is training the run, and its signs of life
//	runs/<network>/<identity>/retrain.toml   the run is to be trained again; gone when that is done
//	runs/<network>/<identity>/retrain-begun.toml
//	                                         that has begun: the checkpoints are of it; gone with retrain.toml
//	runs/<network>/<identity>/*.csv.next     a table of a finished record that is about to replace another
//	runs/<network>/<identity>/.gitignore     no drawing that is kept shows the run
//
// Checkpoints and weights lie in the same folder, but their formats belong to
// the training loop; [Run.WriteFile] writes them.
//
// Every file appears whole or not at all: it is written under a temporary name
// in the same folder, flushed to the disk, renamed, and the folder flushed too
// (package atomicfile). Reading needs no lock and may go on while workers write.
//
// Any number of workers, on any number of machines that share the folder, may
// call [Store.Begin]; a run has one holder at a time (package lease says why).
// The package does not schedule, train or draw anything.
package results
