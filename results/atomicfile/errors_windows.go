package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// unreachable reports whether an error says that a share cannot be reached, which
// package fs takes for a file that is not there.
func unreachable(err error) bool {
	return errors.Is(err, windows.ERROR_BAD_NETPATH) || errors.Is(err, windows.ERROR_UNEXP_NET_ERR) ||
		errors.Is(err, windows.ERROR_NETNAME_DELETED) || errors.Is(err, windows.ERROR_SEM_TIMEOUT)
}

// inUse reports whether an error says that another program has the file open, if
// only to read it or to look for viruses in it: Windows lets nobody replace,
// remove or open it then. Of a file that is to be replaced it says that access is
// denied.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_DELETE_PENDING) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED) && errors.As(err, new(*os.LinkError))
}

// protected reports whether an error says that a disk may not be written.
func protected(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

// full reports whether an error says that a disk has no room left.
func full(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
