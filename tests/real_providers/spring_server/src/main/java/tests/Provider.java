package tests;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.oauth2.core.oidc.endpoint.OidcParameterNames;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;

/** Spring Authorization Server as its starter sets it up; clients and person come from properties. */
@SpringBootApplication
public class Provider {
    public static void main(String[] arguments) {
        SpringApplication.run(Provider.class, arguments);
    }

    /** Out of the box an ID token tells `sub` alone. */
    @Bean
    OAuth2TokenCustomizer<JwtEncodingContext> withEmail() {
        return context -> {
            if (OidcParameterNames.ID_TOKEN.equals(context.getTokenType().getValue())) {
                context.getClaims().claim("email", "ada@example.com").claim("email_verified", true);
            }
        };
    }
}
