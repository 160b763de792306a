# SPDX-License-Identifier: Apache-2.0
# The settings in etc/lyre.yaml, as a list for lyre.yaml.5; root: the default root folder.

# Text that begins a line.
function plain(text)
{
	gsub(/\\/, "\\e", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

function entry(name, value, help)
{
	if (help !~ /^No effect in this build: /)
		return sprintf(".It Sy %s\n%s\nDefault:\n.Li %s\n", name, plain(help), quoted(value))
	inert[++inert_count] = name
	return ""
}

# A value as one argument of a macro.
function quoted(text)
{
	gsub(/"/, "\\(dq", text)
	return "\"" text "\""
}

function key_of(line)
{
	return substr(line, 1, index(line, ":") - 1)
}

function value_of(line)
{
	line = substr(line, index(line, ":") + 1)
	sub(/^ +/, "", line)
	return line
}

# The folder that a line's indentation leaves it in: "operationsApi.network."
function prefix(depth,    i, text)
{
	for (i = 0; i < depth; i++)
		text = text section[i] "."
	return text
}

BEGIN { print ".Bl -tag -width Ds" }

/^# modules:$/ { modules = 1; next }
modules && !/^#/ { modules = 0 }
modules && /^#   [a-z_]+:$/ { module = key_of(substr($0, 5)); next }
modules && module != "example" && /^#     [^ ]+: / {
	line = substr($0, 7)
	value = value_of(line)
	help = value
	sub(/^[^ ]+ +/, "", help)
	sub(/ .*/, "", value)
	help = toupper(substr(help, 1, 1)) substr(help, 2) "."
	of_modules = of_modules entry("modules." module "." key_of(line), value, help)
	next
}
modules { next }

/^ *# / {
	line = $0
	sub(/^ *# /, "", line)
	help = commented ? help " " line : line
	commented = 1
	next
}
{ commented = 0 }
/^ *#[A-Za-z]/ {
	depth = index($0, "#") - 1
	line = substr($0, depth + 2)
	key = prefix(depth / 2) key_of(line)
	printf "%s", entry(key, key == "rootPath" ? root : value_of(line), help)
	next
}
/^ *[A-Za-z0-9]+:$/ {
	depth = match($0, /[A-Za-z]/) - 1
	section[depth / 2] = key_of(substr($0, depth + 1))
}

END {
	printf "%s", of_modules
	print ".El\n.Pp\nThese settings are accepted and have no effect in this version:"
	for (i = 1; i <= inert_count; i++)
		printf ".Sy %s%s\n", inert[i], i < inert_count ? " ," : " ."
}
