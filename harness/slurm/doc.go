// Package slurm hands runs to Slurm: one task of a job array for each, and a
// last job that draws the figures when they have ended.
//
// It is no scheduler. What a task trains is settled by the leases of package
// results, so a task that is started twice, on another node, or beside workers
// started by hand does no harm; and where it goes on is told by the run's own
// checkpoint. Nothing is kept in the scripts.
//
// A submission is a folder slurm/TIME in the results folder:
//
//	runs          the runs to train, one to a line, network by network, that with
//	              the longest run first
//	NETWORK.sbatch
//	              the array of a network's runs, of as many lines; NETWORK-part2.sbatch
//	              and so on where one array may not have as many tasks
//	report.sbatch the last job
//	harness       the program, as it was when it was submitted
//	harness.revision
//	              which program that is
//	jobs          Slurm's numbers of the jobs; of an array, too, how many lines of
//	              runs stand before its own, and how many are its own
//	cluster       which Slurm has them, if it says
//	gone          the runs whose tasks Slurm was found not to have any more
//	*.log         what the jobs had to say
//	ended         made by the last job
//
// The options of sbatch that are used, and how a job is signalled and requeued,
// are described in sbatch(1) and scontrol(1).
package slurm
