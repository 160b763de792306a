# SPDX-License-Identifier: Apache-2.0
# Completion of lyred in fish: its options, from lyred --help, and files.
complete -c lyred -n 'string match -q -- "-*" (commandline -ct)' -a '(lyred --help | string replace -rf "^ +(?:-[a-zA-Z],)? +(--[a-z-]+)(?: [A-Z=]+)?(?: +(.*))?\$" "\$1\t\$2")'
