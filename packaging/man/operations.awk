# SPDX-License-Identifier: Apache-2.0
# The operations that modules declare in their sources, as lists for lyre.1.

function flush()
{
	if (name)
		printf ".It Ic %s\n%s\n", name, help
	name = help = ""
}

# The strings of a line, without their quotes.
function strings(line,    text)
{
	while (match(line, /"([^"\\]|\\.)*"/)) {
		text = text substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
	}
	gsub(/\\"/, "\"", text)
	return text
}

/^static const struct lyre_operation [a-z_]+\[\] = \{/ {
	module = FILENAME
	sub(/\/[^\/]*$/, "", module)
	sub(/.*\//, "", module)
	printf ".Ss Module %s\n.Bl -tag -width Ds\n", module
	inside = 1
	next
}
!inside { next }
/^};/ {
	flush()
	print ".El"
	inside = helping = 0
	next
}
/\.name = "/ {
	flush()
	name = strings($0)
	helping = 0
	next
}
/\.help = / { helping = 1 }
/^\t+\.[a-z_]+ = / && !/\.help = / { helping = 0 }
helping { help = help strings($0) }
