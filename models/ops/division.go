package ops

// How the work of a layer divides over threads, for those who ask how fast so
// many are. It is a question of whole parts: a thread that has one more than the
// others is waited for.

// Busiest returns how many of n pieces of work, images or groups of tiles, the
// busiest of so many threads does.
func Busiest(n, threads int) int {
	count := slots(n)
	threads = min(threads, count)
	most := 0
	for t := range threads {
		first, last := shareOf(t, threads, count)
		from, _ := slotRange(first, count, n)
		_, to := slotRange(last-1, count, n)
		most = max(most, to-from)
	}
	return most
}

// Groups returns how many groups of tiles the maps of n images are, of size x
// size pixels, which a convolution of stride 1 works on.
func Groups(size, n int) int {
	t := newTiling(size)
	return t.groups(n)
}

// Sums returns in how many pieces the gradient of a filter of so many values is
// added up from those of the parts.
func Sums(values int) int { return (values + reduceRoom - 1) / reduceRoom }

// Parts returns in how many parts n pieces of work are cut at most: no more
// threads than that find work.
func Parts(n int) int { return slots(n) }
