# The words that start a handler, printed: of `Assembly::Class::Method` the client with it, else the program it names.
# docs/contract/runtime.md#runtimes. What is missing is told on stderr, with Lambda's exit status.
# dotnet: the program, with what it is told before all else; runtime: the folder that this file and the client are in.
[ $# -ne 1 ] || exit "$1"
task=$LAMBDA_TASK_ROOT

refuse() {
    echo "Error: $2" 1>&2
    printf "%s\n" "/bin/sh ${runtime}start.sh $1"
}

# The assembly's own file of a kind, or the only one there is.
look_for() {
    found=$task/$assembly.$1.json
    [ ! -f "$found" ] || return 0
    set -- "$task"/*."$1".json
    found=$1
    [ $# -eq 1 ] && [ -f "$found" ]
}

words() {
    case $_HANDLER in
    *:*)
        assembly=${LAMBDA_DOTNET_MAIN_ASSEMBLY:-${_HANDLER%%:*}}
        assembly=${assembly%.dll}
        misses=".NET binaries for Lambda function are not correctly installed in the $task directory: it is missing the required"
        look_for deps || { refuse 105 "$misses .deps.json file."; return; }
        deps=$found
        look_for runtimeconfig || { refuse 106 "$misses .runtimeconfig.json file."; return; }
        printf "%s\n" "$dotnet --depsfile $deps --runtimeconfig $found ${runtime}LambdaEmu.Client.dll $_HANDLER"
        ;;
    *)
        assembly=$task/${_HANDLER%.dll}.dll
        if [ -f "$assembly" ]; then
            printf "%s\n" "$dotnet $assembly"
        elif [ -f "$task/$_HANDLER" ]; then
            printf "%s\n" "$task/$_HANDLER"
        else
            refuse 104 "executable assembly $assembly or binary $task/$_HANDLER not found."
        fi
        ;;
    esac
}

words
