# SPDX-License-Identifier: Apache-2.0
# Completion of lyre in fish: options come from lyre --help, operations and their parameters from the server, if it answers.

# The names that lyre help lists, asked with the options on the line, without a terminal on which it could ask for a password.
function __lyre_help
    set -l line (commandline -opc)
    set -l server
    for i in (seq 2 (count $line))
        switch $line[$i]
            case -s --socket -u --url --cacert --cert --key -U --user --password-file --token-file
                set -a server $line[$i] $line[(math $i + 1)]
            case --insecure
                set -a server $line[$i]
        end
    end
    timeout 2 setsid lyre $server help $argv </dev/null 2>/dev/null | string replace -rf '^  ([a-z][A-Za-z0-9_.]*)(?:  +(.*))?$' '$1\t$2'
end

# The words of the line that are no options, and not their values.
function __lyre_said
    set -l valued (lyre --help | string replace -rf '^ +(?:(-[a-zA-Z]),)? *(--[a-z-]+) [A-Z].*' '$1 $2' | string split ' ')
    set -l skip false
    for word in (commandline -opc)[2..]
        if $skip
            set skip false
        else if string match -q -- '-*' $word
            contains -- $word $valued; and set skip true
        else
            echo $word
        end
    end
end

function __lyre_words
    set -l said (__lyre_said)
    switch "$said[1]"
        case ''
            __lyre_help
            lyre --help | string replace -rf '^.*OPTION\]\.\.\. ([a-z-]+).*' '$1'
        case help
            __lyre_help
        case backup restore export import
            __fish_complete_path
        case '*'
            __lyre_help $said[1] | string replace -r '^([^\t]+)' '$1='
    end
end

complete -c lyre -f -a '(__lyre_words)'
complete -c lyre -f -n 'string match -q -- "-*" (commandline -ct)' -a '(lyre --help | string replace -rf "^ +(?:-[a-zA-Z],)? +(--[a-z-]+)(?: [A-Z]+)?(?: +(.*))?\$" "\$1\t\$2")'
