package dev.keelraft.example.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** While the tests of a class run, servers say nothing of disks that fail, which these do a thousand times. */
final class QuietServers implements BeforeAllCallback, AfterAllCallback {
    private static final Logger SERVERS = (Logger) LoggerFactory.getLogger(KeelServer.class.getPackageName());

    @Override
    public void beforeAll(ExtensionContext context) {
        SERVERS.setLevel(Level.OFF);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        SERVERS.setLevel(null);
    }
}
