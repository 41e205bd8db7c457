package dev.keelraft.example.peer;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusException;
import org.jspecify.annotations.Nullable;

/** Puts our hello on each call to a peer, and ends the call if the answer's hello is wrong. */
final class ClientHandshake implements ClientInterceptor {
    private final Handshake handshake;
    private final Peer peer;

    ClientHandshake(Handshake handshake, Peer peer) {
        this.handshake = handshake;
        this.peer = peer;
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<R> listener, Metadata headers) {
                headers.put(Handshake.HELLO, handshake.hello(peer.id()));
                super.start(new Checking<>(listener, this), headers);
            }
        };
    }

    /** Shows the caller nothing of an answer before its hello was found to be right. */
    private final class Checking<R> extends SimpleForwardingClientCallListener<R> {
        private final ClientCall<?, ?> call;
        private boolean checked;
        private @Nullable Status failure;

        Checking(ClientCall.Listener<R> listener, ClientCall<?, ?> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onHeaders(Metadata headers) {
            if (check(headers)) {
                super.onHeaders(headers);
            } else {
                call.cancel("the peer's hello is wrong", null);
            }
        }

        @Override
        public void onMessage(R message) {
            if (checked) {
                super.onMessage(message);
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            // A success without headers would be one of somebody who has not said who he is.
            if (!checked && status.isOk() && failure == null) {
                check(trailers);
            }
            super.onClose(failure == null ? status : failure, trailers);
        }

        private boolean check(Metadata headers) {
            try {
                handshake.checkAnswer(headers, peer);
                checked = true;
            } catch (StatusException e) {
                failure = e.getStatus();
            }
            return checked;
        }
    }
}
