package dev.keelraft.example.demo;

import dev.keelraft.example.Main;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code demo}. Exits with 0 if all is well, 1 if it is not, 2 if the arguments are wrong. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Starts three servers on free ports of this machine, writes a text through all of them, kills the leader,"
                    + " starts it again, and proves that no write was lost or executed twice.",
            "Exits with 0 if that is so, and with 1 if it is not."
        })
public final class DemoCommand implements Callable<Integer> {
    private static final int SECONDS_MIN = 4;
    private static final int SECONDS_MAX = 600;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--input",
            paramLabel = "FILE",
            description = "the text whose lines are written (default: README.md here, or else that of the jar)")
    private @Nullable Path input;

    @Option(names = "--keep", description = "let the servers go on in the end, and say how to use and to end them")
    private boolean keep;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "20",
            description = "for how long to write, from " + SECONDS_MIN + " to " + SECONDS_MAX
                    + " (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Override
    public Integer call() throws InterruptedException {
        if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--seconds is " + seconds + ", and must be from " + SECONDS_MIN + " to " + SECONDS_MAX);
        }
        Text text = text();
        try {
            Demo demo = new Demo(
                    serverCommand(),
                    text,
                    Duration.ofSeconds(seconds),
                    keep,
                    spec.commandLine().getOut());
            return demo.run() ? 0 : 1;
        } catch (IOException e) {
            spec.commandLine().getErr().println("keel-kv demo: this machine does not allow it: " + e);
            return 1;
        }
    }

    private Text text() {
        try {
            return input == null ? Text.readme(Path.of("")) : Text.read(input);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "--input: " + e.getMessage(), e);
        }
    }

    /** The server of this very program: the same java, the same class path. */
    static List<String> serverCommand() {
        String java = ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        return List.of(java, "-cp", System.getProperty("java.class.path"), Main.class.getName(), "server");
    }
}
