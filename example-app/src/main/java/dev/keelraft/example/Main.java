package dev.keelraft.example;

import dev.keelraft.example.bench.BenchCommand;
import dev.keelraft.example.demo.DemoCommand;
import dev.keelraft.example.server.ServerCommand;
import dev.keelraft.example.wal.WalCommand;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line of {@code keel-kv.jar}. What it can do are its subcommands. */
@Command(
        name = "keel-kv",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ServerCommand.class, DemoCommand.class, BenchCommand.class, WalCommand.class},
        description = "A replicated key-value server that etcd's clients can talk to.")
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    /**
     * Runs the command that the arguments name, and exits: with 0, with 2 and a usage text where the arguments are
     * wrong, or with what the command documents.
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The commands, as {@link #main} runs them. */
    static CommandLine commandLine() {
        return new CommandLine(new Main()).setParameterExceptionHandler(Main::explain);
    }

    /* What is wrong, and where to read on; the whole usage would push the one line that matters off the screen. */
    private static int explain(ParameterException thrown, String[] arguments) {
        CommandLine command = thrown.getCommandLine();
        command.getErr().println("error: " + thrown.getMessage());
        UnmatchedArgumentException.printSuggestions(thrown, command.getErr());
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE;
    }

    /** Without a command there is nothing to do; the usage says what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** Tells the version of the build. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            return new String[] {"keel-kv " + of("version.properties")};
        }

        private static String of(String resource) throws IOException {
            try (InputStream in = Main.class.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IOException(resource + " is missing beside " + Main.class.getName());
                }
                Properties properties = new Properties();
                properties.load(in);
                return properties.getProperty("version", "unknown");
            }
        }
    }
}
