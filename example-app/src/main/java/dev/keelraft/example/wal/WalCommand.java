package dev.keelraft.example.wal;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code wal}, which has commands of its own. */
@Command(
        name = "wal",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            InspectCommand.class,
            DumpCommand.class,
            VerifyCommand.class,
            RepairCommand.class,
            UpgradeCommand.class
        },
        description = {
            "Looks into a member's log, checks it, and repairs it.",
            "All but repair only read, and may be used while the member runs.",
        },
        exitCodeListHeading = "Exit codes, of all of them:%n",
        exitCodeList = {
            "0:the log is whole; repair: it is whole now",
            "1:its end is torn, as a crash leaves it: the next start of the member heals that",
            "2:it is corrupt; or the arguments are wrong, and the first line says error:",
            "3:it belongs to another member, or its member must leave the group",
            "4:it cannot be read or written, is in use where it must not be, or is not there",
            "5:a newer version wrote it"
        })
public final class WalCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** Without a command there is nothing to do; the usage says what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
