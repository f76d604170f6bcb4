// Package lease settles which worker, of any number on any number of machines,
// may write into a folder: one at a time, from [Worker.Take] until it releases
// its [Lease], dies, or gives no sign of life for too long. It knows nothing of
// what is in the folder. No lock of the operating system has a part in it,
// since those do not hold, or do not reach other machines, on many shared file
// systems.
//
// # Claims
//
// A worker claims a lease by a file. The one whose claim is the last in a chain
// of such files in the folder is the holder.
//
// The first claim is the file "claim". Who finds that its writer is dead takes
// the lease over by adding the file "claim-after-H", with H a digest of the claim
// that it follows, and then renames it to "claim". A claim is never changed, and
// holds a random token, so H names one claim for all time: of several workers
// that find the same holder dead only one can add the successor, and one that
// was slow and adds a successor to a claim that is no longer in the chain finds,
// when it follows the chain from its start, that it is not the last, and has
// disturbed nobody.
//
// A file is added by writing it under a name of its own and linking it. The
// manual says of both ways to make a file that must not exist, in open(2) under
// O_EXCL:
//
//	On NFS, O_EXCL is supported only when using NFSv3 or later on kernel 2.6 or
//	later. [...] Portable programs that want to perform atomic file locking
//	using a lockfile, and need to avoid reliance on NFS support for O_EXCL, can
//	create a unique file on the same filesystem (e.g., incorporating hostname
//	and PID), and use link(2) to make a link to the lockfile. If link(2) returns
//	0, the lock is successful. Otherwise, use stat(2) on the unique file to
//	check if its link count has increased to 2, in which case the lock is also
//	successful.
//
// and link(2) adds that on NFS the return code may be wrong if the server makes
// the link and dies before it says so. Reading the claim back settles that here,
// in place of the link count. rename(2) replaces its target atomically. O_EXCL
// is used only where there are no links (FAT, some network file systems).
//
// # Signs of life
//
// While it lives, the holder renews "claim-alive-TOKEN", every
// Options.Heartbeat. A worker on another machine compares only the content of
// that file with what it was before: when it has not changed for
// Options.StaleAfter by the observer's own monotonic clock, the holder is taken
// for dead. Of the time between two looks a minute counts, since the observer may have
// waited for a file server that the holder waits for, too. No two clocks are compared, so they need not agree. On NFS a client
// may show content that is up to a minute old (acregmax in nfs(5)), which only
// delays the verdict. For a holder on the observer's own machine the process is
// looked for instead, and there is no waiting; see [Machine].
//
// # A holder that was not dead
//
// A worker that slept for longer than StaleAfter (a suspended machine, a
// stopped process) finds on waking that the chain has gone on. It cannot write
// over its successor's work in between: each write is first made whole in a
// temporary file, then the claim is looked at, then the file is renamed; and
// who takes a lease over first settles the chain, then removes all temporary
// files, and only then reads what is in the folder. If the sleeper looked before
// the chain went on, its temporary file was there already, and is gone when it
// wakes: the rename fails.
//
// # Other versions of the program
//
// Workers of several versions may share a folder. So the names of the files and
// the keys in them stay as they are, and unknown keys are no mistake.
package lease
