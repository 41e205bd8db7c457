package dev.keelraft.example.wal;

import dev.keelraft.wal.WalException;
import dev.keelraft.wal.WalProgress;
import dev.keelraft.wal.WalVerdict;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the commands share: whose log it is about, where they write, and what they exit with. */
final class LogArgument {
    private static final int FAILED = 4;
    private static final Path LOG = Path.of("raft");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "DIRECTORY",
            description = "the member's data directory (NAME.keel, unless --data-dir says otherwise)")
    private Path directory = Path.of("");

    @Option(names = "--json", description = "print JSON, one object per line")
    private boolean json;

    /** What a command does. */
    interface Body {
        /** Writes what it finds. Returns the exit code. */
        int run(Output out, WalProgress progress);
    }

    /** The directory that holds the log's own, also where that was named itself. */
    Path directory() {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null
                && LOG.equals(directory.getFileName())
                && !Files.exists(directory.resolve(LOG))
                && Files.exists(directory.resolve("MARK"))) {
            return parent;
        }
        return directory;
    }

    boolean json() {
        return json;
    }

    /** Runs a command. What keeps it from its work is said on the error stream; a reader that has gone is no error. */
    int run(Body body) {
        ProgressBar progress = ProgressBar.onErrorStream(spec.commandLine().getErr());
        Output out = new Output(spec.commandLine().getOut(), progress::clear);
        try {
            int exitCode = body.run(out, progress);
            out.flush();
            return exitCode;
        } catch (Output.ClosedException nobodyReads) {
            return 0;
        } catch (WalException e) {
            progress.clear();
            say(String.valueOf(e.getMessage()));
            return FAILED;
        } finally {
            progress.clear();
        }
    }

    /** Writes a text to the error stream. */
    void say(String text) {
        spec.commandLine().getErr().println(spec.qualifiedName() + ": " + text);
    }

    /** What is thrown where an argument makes no sense. */
    ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    /** A number of 64 bits without a sign, decimal or with {@code 0x}. */
    long id(String option, String text) {
        try {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw wrong(option + " is " + text + ", and must be a number from 0 to 18446744073709551615, or 0x and up"
                    + " to 16 hexadecimal digits");
        }
    }

    /** What a command exits with that has found a log to be so. */
    static int exitCode(WalVerdict.Kind kind) {
        return switch (kind) {
            case CLEAN -> 0;
            case TORN -> 1;
            case CORRUPT -> 2;
            case IDENTITY -> 3;
            case IO_ERROR -> FAILED;
            case UNSUPPORTED -> 5;
        };
    }
}
