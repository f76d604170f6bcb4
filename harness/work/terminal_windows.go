package work

import "golang.org/x/sys/windows"

// obeysEscapes has a console obey escape sequences, and reports whether it does:
// those of before Windows 10 print them.
func obeysEscapes(fd uintptr) bool {
	var mode uint32
	console := windows.Handle(fd)
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
