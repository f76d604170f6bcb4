package slurm

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// cluster is what is known of the Slurm that this machine's commands ask.
type cluster struct {
	name    string // empty if it does not say
	largest int    // the most tasks of an array
}

// clusterVariable names the cluster, or clusters, that all of Slurm's commands ask.
const clusterVariable = "SLURM_CLUSTERS"

var (
	clusterName  = regexp.MustCompile(`(?m)^ClusterName\s*=\s*(\S+)`)
	maxArraySize = regexp.MustCompile(`(?m)^MaxArraySize\s*=\s*([0-9]+)`)
)

// thisCluster asks Slurm. If it does not answer, sbatch will say what is wrong.
func thisCluster(ctx context.Context) cluster {
	c := cluster{name: os.Getenv(clusterVariable), largest: usualArray}
	config, err := output(exec.CommandContext(ctx, "scontrol", "show", "config"))
	if err != nil {
		return c
	}
	if m := clusterName.FindStringSubmatch(config); m != nil && c.name == "" {
		c.name = m[1]
	}
	if m := maxArraySize.FindStringSubmatch(config); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 2 {
			c.largest = n - 1 // indices begin at 1 and are below it
		}
	}
	return c
}
