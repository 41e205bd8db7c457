package dev.keelraft.example.peer;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusException;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Refuses calls whose hello is absent or wrong, and answers the others with ours. */
final class ServerHandshake implements ServerInterceptor {
    /** Who calls: set for all handlers behind this. */
    static final Context.Key<Peer> CALLER = Context.key("keel-peer");

    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);

    private final Handshake handshake;

    private static final int REFUSALS_KEPT = 64;

    /** What was logged last, the oldest first, to log it once: whoever is refused tries again, for as long as it runs. */
    private final Set<String> refusals = new LinkedHashSet<>();

    ServerHandshake(Handshake handshake) {
        this.handshake = handshake;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        Peer caller;
        try {
            caller = handshake.checkCaller(headers);
        } catch (StatusException e) {
            String text = String.valueOf(e.getStatus().getDescription());
            if (isNews(text)) {
                log.warn("Refused a call to the port for peers: {}", text);
            }
            call.close(e.getStatus(), new Metadata());
            return new ServerCall.Listener<>() {};
        }
        ServerCall<Q, R> answering = new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata answer) {
                answer.put(Handshake.HELLO, handshake.hello(caller.id()));
                super.sendHeaders(answer);
            }
        };
        return Contexts.interceptCall(Context.current().withValue(CALLER, caller), answering, headers, next);
    }

    private boolean isNews(String refusal) {
        synchronized (refusals) {
            if (!refusals.add(refusal)) {
                return false;
            }
            if (refusals.size() > REFUSALS_KEPT) {
                refusals.remove(refusals.iterator().next());
            }
            return true;
        }
    }
}
